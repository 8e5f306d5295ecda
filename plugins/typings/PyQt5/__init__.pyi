# Only what the plug-in derives from; the rest may be anything, since Krita decides which Qt there is.
