"""The Kettle domain: PDI and Hop files parsed, run natively with Kettle's results, traced and published as assets."""
