"""How the time of an answer grows with what is asked and with what there is."""
