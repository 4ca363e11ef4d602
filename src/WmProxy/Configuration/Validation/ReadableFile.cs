using System;
using System.IO;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Validation;

/// <summary>Whether a file that a configuration names can be read now.</summary>
internal static class ReadableFile
{
    public static string? FindError(string path, string baseDirectory)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            return $"{QuotedText.Quote(path)} has a NUL character in it";
        }

        var full = Path.GetFullPath(path, baseDirectory);
        try
        {
            using var file = File.OpenRead(full);
            return null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return $"the file '{full}' does not exist";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return Directory.Exists(full) ? $"'{full}' is a folder, not a file" : $"the file '{full}' cannot be read: {e.Message}";
        }
    }
}
