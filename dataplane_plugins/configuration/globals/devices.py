"""Detection of devices by 51Degrees, DeviceAtlas and WURFL (manual, section 3.1)."""

from dataplane_plugins.configuration.globals.keywords import added_words, number, text

DEVICES = (
    text("wurfl-data-file", "wurfl_options.data_file", "File with WURFL data."),
    added_words(
        "wurfl-information-list", "wurfl_options.information_list", "WURFL data to provide."
    ),
    text(
        "wurfl-information-list-separator",
        "wurfl_options.information_list_separator",
        "Separator of WURFL data.",
    ),
    added_words(
        "wurfl-patch-file", "wurfl_options.patch_file", "Files with patches of WURFL data."
    ),
    number("wurfl-cache-size", "wurfl_options.cache_size", "Entries of the WURFL cache."),
    text("deviceatlas-json-file", "device_atlas_options.json_file", "File with DeviceAtlas data."),
    text("deviceatlas-log-level", "device_atlas_options.log_level", "Level of its messages."),
    text("deviceatlas-separator", "device_atlas_options.separator", "Separator of its data."),
    text(
        "deviceatlas-properties-cookie",
        "device_atlas_options.properties_cookie",
        "Cookie with data from the client's side.",
    ),
    text("51degrees-data-file", "fifty_one_degrees_options.data_file", "File with 51Degrees data."),
    added_words(
        "51degrees-property-name-list",
        "fifty_one_degrees_options.property_name_list",
        "51Degrees properties to provide.",
    ),
    text(
        "51degrees-property-separator",
        "fifty_one_degrees_options.property_separator",
        "Separator of 51Degrees data.",
    ),
    number(
        "51degrees-cache-size",
        "fifty_one_degrees_options.cache_size",
        "Entries of the 51Degrees cache.",
    ),
)
