"""What the coupon propensity model is for and where it must not be trusted: the words of its card."""

from core.naming import Key

KEY = Key("model", "retail", "coupon_propensity")
DATASET = Key("dataset", "retail", "coupon_propensity")

PURPOSE = (
    "The probability that a household, sent a coupon campaign, redeems at least one of its coupons before the"
    " campaign ends. Meant for choosing whom to send a campaign to and for estimating its redemptions. Not meant for"
    " prices, credit or anything else that decides about a person."
)
LIMITS = (
    "One retailer, one year (2017), households of a frequent-shopper scheme: other shops and years need new training.",
    "Few positives: see the intervals above before calling one model better than another.",
    "Campaigns of one kind go to households chosen by the retailer, so scores for households that would never have"
    " been chosen are extrapolated.",
    "A redemption is not caused by the score: the model says who redeems, not whom the coupon moves.",
    "Demographics are known for a part of the households only; an empty value is an input of its own.",
)
SEGMENTS = ("campaign_type", "income")
