"""A Kubernetes API double that starts pods as processes of this machine."""
