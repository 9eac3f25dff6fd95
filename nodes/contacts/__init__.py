"""The nodes of the group "contacts", one file each."""
