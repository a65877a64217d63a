"""What the retailer sells, as tables: kinds of goods, their makers, materials and colours."""

from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of goods. `lowest` and `highest` are list prices in euros; `unit` is a UNECE Rec 20 code."""

    department: str
    category: str
    noun: str
    materials: tuple[str, ...]
    lowest: int
    highest: int
    about: str
    unit: str = "H87"
    tax_code: str = "STANDARD"


BRANDS = (
    "Fjordline", "Alder & Ash", "Norvane", "Kestrel", "Halden", "Ostra", "Tramont", "Velora", "Brightwater",
    "Casa Lumo",
)  # fmt: skip
COLOURS = ("Black", "White", "Navy", "Olive", "Sand", "Charcoal", "Rust", "Sky Blue")

_COTTON = ("Organic Cotton", "Pima Cotton", "Cotton Blend")
_WOOL = ("Merino", "Lambswool", "Recycled Wool")
_SHELL = ("Waterproof", "Softshell", "Recycled Nylon")
_LEATHER = ("Full-Grain Leather", "Suede", "Vegan Leather")
_MESH = ("Lightweight Mesh", "Cushioned", "Waterproof")
_CLAY = ("Stoneware", "Porcelain", "Terracotta")
_STEEL = ("Stainless Steel", "Brushed Steel", "Enamelled Steel")
_WOODS = ("Oak", "Ash", "Walnut")
_SMART = ("Wireless", "Compact", "Pro")

KINDS = (
    Kind("Apparel", "T-Shirts", "Crew T-Shirt", _COTTON, 15, 40, "An everyday shirt with a regular fit."),
    Kind("Apparel", "Sweaters", "Crew Sweater", _WOOL, 59, 149, "Knitted warm, light enough to wear indoors."),
    Kind("Footwear", "Running", "Running Shoe", _MESH, 79, 189, "A daily trainer for road and park.", "PR"),
    Kind("Home", "Kitchen", "Saucepan 20 cm", _STEEL, 29, 119, "Even heat on every hob, oven safe to 240 °C."),
    Kind("Sports", "Yoga", "Yoga Mat", ("Cork", "Natural Rubber", "Foam"), 25, 89, "Grips when damp, rolls up small."),
    Kind("Electronics", "Audio", "Over-Ear Headphones", _SMART, 79, 349, "Thirty hours of sound on one charge."),
    Kind("Apparel", "Jackets", "Rain Jacket", _SHELL, 89, 279, "Taped seams and a hood that turns with the head."),
    Kind("Apparel", "Trousers", "Chino Trousers", _COTTON, 49, 99, "Straight cut with a little stretch."),
    Kind("Footwear", "Boots", "Chelsea Boot", _LEATHER, 119, 249,
         "Elastic sides and a sole that can be replaced.", "PR"),
    Kind("Home", "Bedding", "Duvet Cover 140 x 200", ("Linen", "Percale", "Sateen"), 39, 129,
         "Washed soft, closes with buttons."),
    Kind("Sports", "Cycling", "Cycling Helmet", ("MIPS", "Urban", "Aero"), 49, 199,
         "EN 1078 tested, with a dial at the back."),
    Kind("Electronics", "Wearables", "Fitness Watch", _SMART, 99, 399,
         "Heart rate, route and sleep for a week at a time."),
    Kind("Apparel", "Shirts", "Oxford Shirt", _COTTON, 45, 95, "Button-down collar, made for ironing once."),
    Kind("Apparel", "Dresses", "Midi Dress", ("Viscose", "Linen", "Jersey"), 59, 149,
         "Falls below the knee, with pockets."),
    Kind("Footwear", "Sneakers", "Court Sneaker", _LEATHER, 69, 149, "A plain low sneaker on a rubber cup sole.", "PR"),
    Kind("Home", "Tableware", "Dinner Plate 27 cm", _CLAY, 9, 29, "Glazed by hand, safe in the dishwasher."),
    Kind("Sports", "Fitness", "Kettlebell 12 kg", ("Cast Iron", "Vinyl Coated", "Competition"), 35, 79,
         "A flat foot and a wide grip."),
    Kind("Electronics", "Smart Home", "Smart Plug", _SMART, 15, 45, "Switches and measures up to 16 A."),
    Kind("Apparel", "Underwear", "Boxer Briefs 3-Pack", _COTTON, 25, 45, "Soft waistband, no label to scratch."),
    Kind("Apparel", "Accessories", "Beanie", _WOOL, 19, 45, "A ribbed hat that covers the ears."),
    Kind("Footwear", "Hiking", "Hiking Boot", _MESH, 129, 269, "Ankle high with a sole for wet rock.", "PR"),
    Kind("Home", "Furniture", "Side Table", _WOODS, 89, 299, "Solid wood, oiled, put together in ten minutes."),
    Kind("Sports", "Camping", "Trekking Backpack 45 l", _SHELL, 99, 239,
         "Adjustable back and a rain cover in the lid."),
    Kind("Electronics", "Audio", "Bluetooth Speaker", _SMART, 39, 199, "Splash proof, pairs with a second one."),
    Kind("Apparel", "Denim", "Straight Jeans", ("Raw Denim", "Stretch Denim", "Recycled Denim"), 69, 159,
         "Mid rise, copper rivets."),
    Kind("Home", "Lighting", "Table Lamp", _CLAY, 45, 159, "A warm light with a linen shade, E27."),
    Kind("Home", "Fabrics", "Curtain Fabric", ("Linen", "Velvet", "Cotton"), 12, 39,
         "Sold by the metre, 140 cm wide.", "MTR"),
    Kind("Sports", "Swimming", "Swim Goggles", ("Mirrored", "Clear", "Polarised"), 15, 49,
         "Anti-fog lenses with three nose bridges."),
    Kind("Electronics", "Accessories", "USB-C Charger 65 W", _SMART, 29, 69, "Three ports, folds flat."),
    Kind("Home", "Food", "Espresso Beans 1 kg", ("Arabica", "Decaf", "Dark Roast"), 14, 29,
         "Roasted in small drums.", "H87", "REDUCED"),
    Kind("Home", "Books", "Cookbook", ("Illustrated", "Pocket", "Collected"), 12, 39,
         "A hundred recipes for weeknights.", "H87", "REDUCED"),
    Kind("Sports", "Football", "Match Football Size 5", ("Stitched", "Bonded", "Indoor"), 25, 119,
         "Keeps its shape on wet grass."),
    Kind("Footwear", "Sandals", "Walking Sandal", _LEATHER, 49, 119, "Three straps and a moulded footbed.", "PR"),
    Kind("Apparel", "Sleepwear", "Pyjama Set", _COTTON, 39, 89, "Loose cut, with piping at the collar."),
    Kind("Home", "Bath", "Bath Towel 70 x 140", ("Terry", "Waffle", "Bamboo"), 15, 49,
         "600 g per square metre, dries fast."),
    Kind("Electronics", "Kitchen Appliances", "Burr Coffee Grinder", _SMART, 59, 249,
         "Forty settings from espresso to press."),
)  # fmt: skip
