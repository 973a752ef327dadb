/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * `glip devices`: every Vulkan device of the machine, whether it can run the
 * network, and which one is taken when none is named.
 */
#include "cli/cli.h"
#include "vulkan/device.h"

#include <stdio.h>

static void
print_device (guint index, const GlipDeviceInfo *info)
{
  g_autofree char *memory = glip_cli_format_bytes (info->memory_bytes);
  g_autofree char *range = glip_cli_format_bytes (info->max_storage_range);

  printf ("%c%3u  %s\n", info->chosen ? '*' : ' ', index, info->name);
  printf ("      id        %04x:%04x\n", info->vendor_id, info->device_id);
  printf ("      uuid      %s\n", info->uuid);
  printf ("      type      %s\n", info->type);
  printf ("      driver    %s\n", info->driver);
  printf ("      vulkan    %s\n", info->api_version);
  printf ("      memory    %s, buffers up to %s\n", memory, range);
  if (info->features && *info->features)
    printf ("      features  %s\n", info->features);
  if (!info->usable)
    printf ("      unusable  %s\n", info->why_not ? info->why_not : "");
  if (info->chosen)
    printf ("      chosen    %s\n", info->reason ? info->reason : "");
}

static int
run (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *device = NULL;
  const GOptionEntry entries[] = {
    { "device", 0, 0, G_OPTION_ARG_FILENAME, &device,
        "Mark the device that this would choose", "DEVICE" },
    G_OPTION_ENTRY_NULL
  };
  int status;

  if (!glip_cli_parse (&glip_command_devices, entries, &argc, &argv, &status))
    return status;
  if (argc > 1)
    return glip_cli_misuse (
        &glip_command_devices, "\"%s\" is one argument too many", argv[1]);
  g_autoptr (GPtrArray) devices = glip_device_list (device, &error);
  if (!devices)
    return glip_cli_fail (&glip_command_devices, "%s", error->message);
  for (guint i = 0; i < devices->len; i++)
    print_device (i, g_ptr_array_index (devices, i));
  return GLIP_EXIT_OK;
}

const GlipSubcommand glip_command_devices = {
  .name = "devices",
  .summary = "List the Vulkan devices",
  .description = "The one marked with * is used when none is named.  --device takes an index of\n"
                 "this list, \"vendor:device\" in hexadecimal, the beginning of a UUID, or a part\n"
                 "of the name.",
  .run = run,
};
