"""Products, from an ERP."""

from domains.connectors.open.client import OpenClient
from domains.connectors.open.messages import Found, SkuAsk
from domains.products import Product, Products


def products(client: OpenClient) -> Products:
    return Products(
        by_sku=client.lookup(
            "products",
            "/v1/products/lookup",
            lambda skus: SkuAsk(skus=skus),
            Found[Product],
            lambda product: (product.sku, product),
        )
    )
