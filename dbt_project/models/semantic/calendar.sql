select cast(day as date) as date_day
from generate_series(
    timestamp '{{ var("calendar_start") }}', timestamp '{{ var("calendar_end") }}', interval '1 day'
) as days (day)
