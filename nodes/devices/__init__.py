"""The nodes of the group "devices", one file each."""
