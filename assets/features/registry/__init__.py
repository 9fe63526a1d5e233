"""The feature registry: views over tables, their values at past moments and now, and the exchange with Feast."""
