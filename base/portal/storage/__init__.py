"""The portal's own tables, its sessions, and the data store's typed tables."""
