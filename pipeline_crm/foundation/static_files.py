"""Static files carry a hash of what they hold in their names, the modules that import one another included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage that also renames `import … from "./x.js"`, in our own modules only.

    Django can do this for every script, but would then search megabytes of other people's for imports.
    """

    _imports = CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]
    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", _imports))
