"""The eight retail source tables: their columns as the Parquet files carry them, and what each column means."""

from dataclasses import dataclass
from datetime import date

from core.schema import Column

FIRST_WEEK = date(2016, 12, 26)  # the Monday of week 1
WEEK_START = Column("week_start", "date", "Monday of the retail week (America/New_York), from `week`", False)


def _key(name: str, description: str, kind: str = "bigint") -> Column:
    return Column(name, kind, description, nullable=False)


@dataclass(frozen=True)
class SourceTable:
    """One source file.

    Attributes:
        name: the file's stem and the table's noun.
        description: what a row is.
        columns: expected columns in order; type names are DuckDB's in lower case; nullable=False must hold no null.
        weekly: the table has a `week` column (1 = FIRST_WEEK) and is landed with `week_start` added.
        pii: the rows describe persons.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    weekly: bool = False
    pii: bool = False

    @property
    def landed(self) -> tuple[Column, ...]:
        """The columns of the table in the warehouse."""
        return (*self.columns, WEEK_START) if self.weekly else self.columns


HOUSEHOLD = _key("household_id", "Household that holds the loyalty card")
PRODUCT = _key("product_id", "Product, as in the product list")
CAMPAIGN = _key("campaign_id", "Marketing campaign")
STORE = _key("store_id", "Store")
WEEK = _key("week", "Retail week, 1 to 53; week 1 begins on Monday 2016-12-26")
COUPON = _key("coupon_upc", "Coupon, by its printed code")

TABLES = (
    SourceTable(
        "transactions",
        "Till receipts, one row per household, basket and product.",
        (
            HOUSEHOLD,
            STORE,
            _key("basket_id", "One visit to the till"),
            PRODUCT,
            _key("quantity", "Units bought; for fuel and goods by weight in the till's own small unit"),
            _key("sales_value", "Amount the store received in USD, after loyalty discount", "double"),
            _key("retail_disc", "Loyalty-card discount in USD, positive", "double"),
            _key("coupon_disc", "Manufacturer coupon discount in USD, positive", "double"),
            _key("coupon_match_disc", "The store's match of a manufacturer coupon in USD, positive", "double"),
            WEEK,
            _key("transaction_timestamp", "When the basket was paid, UTC", "timestamp"),
        ),
        weekly=True,
    ),
    SourceTable(
        "promotions",
        "Where a product was displayed or advertised, one row per product, store and week.",
        (
            PRODUCT,
            STORE,
            Column("display_location", "varchar", "Code of the in-store display; 0 is none"),
            Column("mailer_location", "varchar", "Code of the place in the weekly mailer; 0 is none"),
            WEEK,
        ),
        weekly=True,
    ),
    SourceTable(
        "products",
        "The product list, one row per product.",
        (
            PRODUCT,
            _key("manufacturer_id", "Manufacturer"),
            Column("department", "varchar", "Department, the top of the product hierarchy"),
            Column("brand", "varchar", "National or Private (the retailer's own label)"),
            Column("product_category", "varchar", "Category within the department"),
            Column("product_type", "varchar", "Type within the category"),
            Column("package_size", "varchar", "Size as printed on the package"),
        ),
    ),
    SourceTable(
        "demographics",
        "Answers of the households that told about themselves, one row per household.",
        (
            HOUSEHOLD,
            Column("age", "varchar", "Age band of the card holder"),
            Column("income", "varchar", "Yearly income band in USD"),
            Column("home_ownership", "varchar", "Owner or renter, partly inferred"),
            Column("marital_status", "varchar", "Married or Unmarried"),
            Column("household_size", "varchar", "Number of persons; 5+ is five or more"),
            Column("household_comp", "varchar", "Adults and whether there are children"),
            Column("kids_count", "varchar", "Number of children; 3+ is three or more"),
        ),
        pii=True,
    ),
    SourceTable("campaigns", "Which household was sent which campaign.", (CAMPAIGN, HOUSEHOLD)),
    SourceTable(
        "campaign_descriptions",
        "Type and dates of each campaign.",
        (
            CAMPAIGN,
            Column("campaign_type", "varchar", "Type A (personal coupons), B or C (the same coupons for everyone)"),
            _key("start_date", "First day on which its coupons are valid", "timestamp"),
            _key("end_date", "Last day on which its coupons are valid", "timestamp"),
        ),
    ),
    SourceTable("coupons", "Which products a campaign's coupons are good for.", (COUPON, PRODUCT, CAMPAIGN)),
    SourceTable(
        "coupon_redemptions",
        "Coupons that households redeemed.",
        (HOUSEHOLD, COUPON, CAMPAIGN, _key("redemption_date", "Day of redemption", "timestamp")),
    ),
)
BY_NAME = {table.name: table for table in TABLES}
