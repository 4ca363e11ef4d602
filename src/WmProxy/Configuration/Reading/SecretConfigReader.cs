using System;
using System.IO;

namespace WmProxy.Configuration.Reading;

/// <summary>Reads a secret that stands in the configuration itself, or in a file that <c>…File</c> beside it names. Errors never show it.</summary>
internal static class SecretConfigReader
{
    public static string? Read(ConfigSectionReader section, string key)
    {
        var secret = section.ReadText(key);
        var fileKey = $"{key}File";
        if (section.ReadName(fileKey) is not { } file)
        {
            return secret;
        }

        if (secret is not null)
        {
            section.AddError(fileKey, $"stands beside '{key}'; keep one of them");
            return secret;
        }

        if (file.Contains('\0', StringComparison.Ordinal))
        {
            section.AddError(fileKey, "has a NUL character in it");
            return null;
        }

        if (!SecretFileReader.TryRead(Path.Combine(section.Context.BaseDirectory, file), out secret, out var error))
        {
            section.AddError(fileKey, error);
        }

        return secret;
    }
}
