"""Views and tables that the tests of the registry share."""

from assets.features.registry.model import Feature, FeatureView, JoinKey

TRIPS = FeatureView(
    name="trips",
    entity="driver",
    keys=(JoinKey(name="driver"),),
    source="feature/taxi/trips",
    timestamp="known_at",
    created="written_at",
    ttl="3d",
    online=True,
    features=(Feature(name="trips", type="bigint"), Feature(name="rating", type="double", column="mean_rating")),
)
ZONES = FeatureView(
    name="zones",
    entity="zone",
    keys=(JoinKey(name="city", type="text"), JoinKey(name="zone")),
    source="feature/taxi/zones",
    timestamp="day",
    online=True,
    features=(Feature(name="demand", type="double"), Feature(name="label", type="text")),
)
VIEWS = {view.name: view for view in (TRIPS, ZONES)}
