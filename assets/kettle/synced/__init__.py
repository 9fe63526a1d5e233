"""Both ways between the catalogue and Kettle files: rules into steps, what runs wrote, changed sources."""
