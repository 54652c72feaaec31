#include <libexif/exif-data.h>
#include <spng.h>
#include <turbojpeg.h>
#include <webp/decode.h>
