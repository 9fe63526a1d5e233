"""Quality of data: rules, what finds them, what repairs by them."""
