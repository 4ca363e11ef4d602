using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Text;

namespace WmProxy.Configuration.Reading;

/// <summary>Reads a secret from a file of its own. Errors name the file, never what is in it.</summary>
internal static class SecretFileReader
{
    private const int MaxBytes = 64 * 1024;

    /// <summary>Reads the file as UTF-8; line ends at its end, which editors add, are not part of the secret.</summary>
    public static bool TryRead(string path, [NotNullWhen(true)] out string? secret, [NotNullWhen(false)] out string? error)
    {
        secret = null;
        try
        {
            using var file = File.OpenRead(path);
            if (file.Length > MaxBytes)
            {
                error = $"the file '{path}' is larger than {MaxBytes / 1024} KiB";
                return false;
            }

            // Not sized by the length: a pipe or a file below /proc has none.
            var bytes = new byte[MaxBytes + 1];
            var count = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, Math.Min(count, MaxBytes)).TrimEnd('\r', '\n');
            error = count > MaxBytes ? $"the file '{path}' is larger than {MaxBytes / 1024} KiB" : text.Length == 0 ? $"the file '{path}' is empty" : null;
            secret = error is null ? text : null;
            return error is null;
        }
        catch (ArgumentException)
        {
            error = $"the file '{path}' is not UTF-8 text";
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            error = $"the file '{path}' cannot be read: {(e is FileNotFoundException or DirectoryNotFoundException ? "it does not exist" : e.Message)}";
            return false;
        }
    }
}
