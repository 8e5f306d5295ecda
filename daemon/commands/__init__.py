"""The commands of ``insert-object``, a file each."""
