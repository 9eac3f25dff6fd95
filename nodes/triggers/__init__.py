"""The nodes of the group "triggers", one file each."""
