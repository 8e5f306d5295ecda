# GIMP's and GTK's modules, made at run time from their introspection data. Only what the plug-in derives from
# or names as a type stands here; the rest may be anything.
