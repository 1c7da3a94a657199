"""Tickets of the public: faults that it reports of open data, wishes for data to be opened, and what is answered."""
