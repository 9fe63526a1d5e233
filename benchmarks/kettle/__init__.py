"""Speed and memory of the native Kettle engine beside its peers."""
