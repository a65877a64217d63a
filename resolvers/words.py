"""What each value of the canonical enumerations means, in the public schema's words."""

from domains.customers import ConsentChannel, ConsentState, CustomerAccountStatus
from domains.finance import ErpPostingState, FinancialDocumentType
from domains.inventory import AvailabilitySemantics, ItemAvailability, LocationType
from domains.loyalty import LedgerEntryStatus, LedgerEntryType, RedemptionState
from domains.orders import AdjustmentStatus, AdjustmentType, FulfillmentStatus, OrderFinancialStatus, OrderStatus
from domains.promotions import PromotionRejectionReason
from domains.returns import (
    NonReturnableReason,
    RefundType,
    ReturnDisposition,
    ReturnMethod,
    ReturnReason,
    ReturnStatus,
)
from domains.vocabulary import FreshnessTier, FulfillmentType, SystemRole
from resolvers.enums import described

described(
    FreshnessTier,
    "How an answer relates to its source, best first.",
    LIVE="Asked just now.",
    FRESH="From a cache or projection, within its fresh time.",
    STALE_OK="Past its fresh time and being refreshed, within what its policy allows.",
    STALE_DEGRADED="The source is failing; the last known value stands in.",
)
described(
    SystemRole,
    "What an outside system is to the retailer, whoever made it.",
    ERP="Keeps master data and the books.",
    OMS="Manages stock, orders and returns.",
    LOYALTY="Keeps points and evaluates promotions.",
    CRM="Keeps customer profiles and consents.",
)
described(
    FulfillmentType,
    "How goods reach the customer.",
    SHIPPING="Sent to an address.",
    PICKUP="Collected at a location.",
    DIGITAL="Delivered electronically.",
)
described(
    LocationType,
    "What kind of place a location is.",
    STORE="Open to customers.",
    WAREHOUSE="Holds and ships goods.",
    SUPPLIER="A supplier who ships for the retailer.",
    VIRTUAL="Exists in the books only.",
)
described(
    AvailabilitySemantics,
    "Which of the four meanings of available a number has. They are never added to each other.",
    ON_HAND="Book stock.",
    SELLABLE="On hand, minus what is reserved or blocked.",
    SALABLE_CHANNEL="Sellable, as allotted to one sales channel.",
    AVAILABLE_TO_PROMISE="Counts incoming supply and demand by date.",
)
described(
    ItemAvailability,
    "Whether an item can be had, in the words of schema.org.",
    IN_STOCK="Can be had now.",
    LIMITED_AVAILABILITY="Few are left, or the count is too old to promise more.",
    BACK_ORDER="None now; can be ordered, more is coming.",
    PRE_ORDER="Not yet released; can be ordered.",
    PRE_SALE="Can be ordered ahead of its general sale.",
    MADE_TO_ORDER="Made once it is ordered.",
    RESERVED="Set aside for somebody else.",
    OUT_OF_STOCK="None now.",
    SOLD_OUT="None now, and none expected.",
    DISCONTINUED="No longer sold.",
    IN_STORE_ONLY="Can be had in stores only.",
    ONLINE_ONLY="Can be had online only.",
    UNKNOWN="Not known.",
)
described(
    ConsentChannel,
    "A way to reach a customer.",
    EMAIL="By email.",
    SMS="By text message.",
    PUSH="By notification of an app.",
    POST="By letter.",
    CALL="By telephone.",
)
described(
    ConsentState,
    "Whether the customer may be reached.",
    OPTED_IN="The customer agreed.",
    OPTED_OUT="The customer declined or withdrew.",
    PENDING="Asked, and not yet confirmed.",
    UNKNOWN="Not known; treat it as declined.",
)
described(
    CustomerAccountStatus,
    "Whether the books allow business with a customer.",
    ACTIVE="Business as usual.",
    BLOCKED="No business.",
    CREDIT_HOLD="No business on credit.",
    ERASED="The customer's data has been erased on request.",
    UNKNOWN="Not known.",
)
described(
    LedgerEntryType,
    "Why points moved.",
    ACCRUAL="Earned.",
    REDEMPTION="Spent.",
    REVERSAL="An earlier entry was taken back.",
    ADJUSTMENT="Corrected by hand.",
    EXPIRY="Lapsed.",
    TRANSFER="Moved between memberships.",
    HOLD="Set aside for a basket.",
    RELEASE="No longer set aside.",
)
described(
    LedgerEntryStatus,
    "How far a ledger entry has come.",
    PENDING="Not yet counted.",
    POSTED="Counted.",
    REJECTED="Will not be counted.",
    REVERSED="Was counted, and has been taken back.",
)
described(
    RedemptionState,
    "How far a redemption has come.",
    HELD="Points are set aside.",
    CAPTURED="Points are spent.",
    VOIDED="Given back before they were spent.",
    EXPIRED="Given back because the hold ran out.",
    REVERSED="Given back after they were spent.",
    UNKNOWN="The loyalty engine has not said.",
)
described(
    PromotionRejectionReason,
    "Why a code has no effect.",
    NOT_FOUND="There is no such code.",
    CURRENTLY_INACTIVE="Not valid now.",
    CUSTOMER_NOT_ELIGIBLE="Not for this customer.",
    USAGE_LIMIT_REACHED="Used as often as it may be.",
    CUSTOMER_USAGE_LIMIT_REACHED="Used by this customer as often as it may be.",
    NO_ENTITLED_LINE_ITEMS="Nothing in the basket takes part.",
    PURCHASE_NOT_IN_RANGE="The basket's value is too low or too high.",
    QUANTITY_NOT_IN_RANGE="Too few or too many items.",
    NOT_HONOURED="The engine gave no other reason.",
)
described(
    OrderStatus,
    "How far an order has come, whatever its own system calls it.",
    CREATED="Received.",
    CONFIRMED="Accepted.",
    MANUAL_REVIEW="A person is looking at it.",
    ON_HOLD="Stopped until something is settled.",
    PROCESSING="Being picked, packed or produced.",
    SHIPPED="All of it has left.",
    COMPLETED="Nothing is left to do.",
    CANCELED="Will not be fulfilled.",
    UNKNOWN="Not known; see rawStatus.",
)
described(
    OrderFinancialStatus,
    "What has become of an order's payment.",
    PENDING="Nothing is authorized yet.",
    AUTHORIZED="Authorized, and nothing captured.",
    PARTIALLY_PAID="Less than the total is captured.",
    PAID="The total is captured.",
    PARTIALLY_REFUNDED="Part of what was captured is refunded.",
    REFUNDED="All that was captured is refunded.",
    VOIDED="The authorization was given up.",
    EXPIRED="The authorization ran out.",
    UNKNOWN="Not known.",
)
described(
    FulfillmentStatus,
    "How far one part of an order has come.",
    PENDING="Not begun.",
    PROCESSING="Being picked and packed.",
    SHIPPED="Handed to the carrier.",
    IN_TRANSIT="On its way.",
    OUT_FOR_DELIVERY="On the last vehicle.",
    READY_FOR_PICKUP="Waiting for the customer.",
    DELIVERED="With the customer.",
    FAILED="Could not be delivered.",
    CANCELED="Will not be delivered.",
    UNKNOWN="Not known.",
)
described(
    AdjustmentType,
    "What changed an order's money after it was placed.",
    REFUND="Money given back.",
    CREDIT="Credit given.",
    RETURN="Goods came back.",
    EXCHANGE="Goods were exchanged.",
    PRICE_ADJUSTMENT="The price was changed.",
    CANCELLATION="Part of the order was canceled.",
    DISPUTE="The payment was disputed.",
)
described(
    AdjustmentStatus,
    "How far an adjustment has come.",
    PENDING="Not yet carried out.",
    COMPLETED="Carried out.",
    FAILED="Could not be carried out.",
)
described(
    ErpPostingState,
    "Whether the books have it.",
    NOT_REQUIRED="Is not posted.",
    QUEUED="Will be posted.",
    POSTED="Has been posted.",
    EXCEPTION="Could not be posted; somebody must look.",
)
described(
    FinancialDocumentType,
    "What kind of document was posted.",
    INVOICE="Asks for money.",
    CREDIT_MEMO="Gives credit.",
    PAYMENT="Money received.",
    REFUND="Money given back.",
)
described(
    ReturnStatus,
    "How far a return has come.",
    REQUESTED="Asked for.",
    AUTHORIZED="May be sent or brought back.",
    DECLINED="Will not be taken back.",
    PARTIALLY_RECEIVED="Part of it has come back.",
    RECEIVED="All of it has come back.",
    REFUND_PENDING="The refund is on its way.",
    REFUNDED="Refunded.",
    CANCELED="Called off.",
    CLOSED="Nothing is left to do.",
    UNKNOWN="Not known.",
)
described(
    ReturnReason,
    "Why the customer returns an item.",
    COLOR="The color is not right.",
    DEFECTIVE="It does not work, or is damaged.",
    NOT_AS_DESCRIBED="It is not what the description says.",
    SIZE_TOO_LARGE="It is too large.",
    SIZE_TOO_SMALL="It is too small.",
    STYLE="The style is not right.",
    UNWANTED="It is no longer wanted.",
    WRONG_ITEM="It is not what was ordered.",
    OTHER="Something else; see the note.",
)
described(
    NonReturnableReason,
    "Why an item may not come back.",
    FINAL_SALE="It was sold for good.",
    ALREADY_RETURNED="It has come back, or is about to.",
    RETURN_WINDOW_EXPIRED="It was delivered too long ago.",
    UNFULFILLED="It has not left yet; cancel it instead.",
    OTHER="Its terms are not known.",
)
described(
    ReturnDisposition,
    "What became of an item that came back.",
    RESTOCKED="Back in stock.",
    NOT_RESTOCKED="Not sold again.",
    PROCESSING_REQUIRED="To be inspected.",
    MISSING="Was not in the parcel.",
)
described(
    ReturnMethod,
    "How an item comes back, in the words of schema.org.",
    RETURN_BY_MAIL="Sent by mail.",
    RETURN_IN_STORE="Brought to a store.",
    RETURN_AT_KIOSK="Left at a kiosk.",
    KEEP_PRODUCT="Kept by the customer.",
)
described(
    RefundType,
    "What is given for a return, in the words of schema.org.",
    FULL_REFUND="The money paid.",
    EXCHANGE_REFUND="Another item.",
    STORE_CREDIT_REFUND="Credit to be spent later.",
)
