using System.IO;
using System.Text.Json;

namespace WmProxy.StaticFiles;

/// <summary>A listing as a JSON array of <c>{ name, type, size, modified }</c>.</summary>
internal static class FolderListingJson
{
    public static byte[] Write(FolderListing listing)
    {
        var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            foreach (var entry in listing.Entries)
            {
                writer.WriteStartObject();
                writer.WriteString("name", entry.Name);
                writer.WriteString("type", entry.IsFolder ? "folder" : "file");
                if (!entry.IsFolder)
                {
                    writer.WriteNumber("size", entry.Length);
                }

                writer.WriteString("modified", entry.LastModified.UtcDateTime);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        return buffer.ToArray();
    }
}
