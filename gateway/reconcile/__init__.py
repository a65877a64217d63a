"""The systems' books compared with what was done, and with each other; what does not agree becomes an exception.

Does not know who looks at the exceptions, nor how anything is put right."""

from gateway.reconcile.cached import Cached, Shelf
from gateway.reconcile.checking import Checked, Leaf, Subject
from gateway.reconcile.orders import Orders
from gateway.reconcile.reconciler import Progress, Reconciler, ReconcileStopped
from gateway.reconcile.redemptions import Redemptions
from gateway.reconcile.returns import Returns
from gateway.reconcile.sampling import Recent
from gateway.reconcile.settings import Reconciliation
from gateway.reconcile.turns import Turns

__all__ = [
    "Cached",
    "Checked",
    "Leaf",
    "Orders",
    "Progress",
    "Recent",
    "ReconcileStopped",
    "Reconciler",
    "Reconciliation",
    "Redemptions",
    "Returns",
    "Shelf",
    "Subject",
    "Turns",
]
