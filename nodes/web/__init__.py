"""The nodes of the group "web", one file each."""
