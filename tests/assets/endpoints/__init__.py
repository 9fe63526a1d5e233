"""Deployment of endpoints."""
