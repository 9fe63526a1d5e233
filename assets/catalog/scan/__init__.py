"""Reads sources: what tables, files and endpoints they have, their structure, and a profile of each column."""
