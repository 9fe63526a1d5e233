"""Privacy of tables as a whole: how anonymous rows are, and differentially private figures within a budget."""
