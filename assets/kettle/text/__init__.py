"""Text functions: regular expressions, sounds and distances as the Java libraries of Kettle compute them."""
