"""Pictures in and out of files, and the pixels of both ends."""
