using System;
using System.IO;
using System.IO.Hashing;
using System.Text;
using WmProxy.Configuration;

namespace WmProxy.Connections.Tls;

/// <summary>A file that a setting names.</summary>
/// <param name="KeyPath">The setting, for messages.</param>
/// <param name="Path">The file's full path.</param>
internal readonly record struct ConfiguredFile(string KeyPath, string Path)
{
    // Far more than any chain or bundle of authorities; a wrong path must not fill the memory.
    private const int MaxLength = 16 << 20;

    /// <summary>The whole file, links followed; else <see langword="null"/> and why.</summary>
    public byte[]? TryRead(out ConfigError? error)
    {
        try
        {
            using var file = File.OpenRead(Path);
            if (file.Length > MaxLength)
            {
                error = new ConfigError(KeyPath, $"'{Path}' is larger than {MaxLength >> 20} MiB.");
                return null;
            }

            using var bytes = new MemoryStream((int)file.Length);
            file.CopyTo(bytes);
            error = null;
            return bytes.ToArray();
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            error = new ConfigError(KeyPath, $"There is no file '{Path}'.");
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            error = new ConfigError(KeyPath, $"'{Path}' cannot be read: {ex.Message}");
        }

        return null;
    }

    /// <summary>A file named by <paramref name="path"/>, relative to <paramref name="baseDirectory"/>.</summary>
    public static ConfiguredFile From(string keyPath, string path, string baseDirectory) =>
        new(keyPath, System.IO.Path.GetFullPath(path, baseDirectory));

    /// <summary>A hash of files' contents, or of why one could not be read.</summary>
    public static UInt128 Hash(ReadOnlySpan<byte[]> contents, ConfigError? error)
    {
        var hash = new XxHash128();
        foreach (var content in contents)
        {
            hash.Append(BitConverter.GetBytes(content.Length));
            hash.Append(content);
        }

        if (error is not null)
        {
            hash.Append(Encoding.UTF8.GetBytes(error.ToString()));
        }

        return hash.GetCurrentHashAsUInt128();
    }
}
