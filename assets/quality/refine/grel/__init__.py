"""The expression language GREL: parsed, checked and evaluated, never as code of Python."""
