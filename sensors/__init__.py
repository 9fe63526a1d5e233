"""Schedules, sensors, automation conditions and alert rules."""
