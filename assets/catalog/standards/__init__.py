"""Standards of fields: proposed from data, approved in git as YAML, checked on tables with a compliance percentage."""
