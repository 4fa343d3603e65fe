"""Plans, diagnostics and outcomes as text for people and machines. Pure: values in, text out."""
