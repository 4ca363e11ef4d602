using System;
using System.IO;

namespace WmProxy.Configuration.Reading;

internal static class CertificateConfigReader
{
    public static CertificateConfig Read(ConfigSectionReader section) => new()
    {
        Path = section.ReadName("Path"),
        KeyPath = section.ReadName("KeyPath"),
        Password = ReadPassword(section),
        Subject = section.ReadName("Subject"),
        Store = section.ReadName("Store"),
        Location = section.ReadName("Location"),
        AllowInvalid = section.ReadBoolean("AllowInvalid"),
    };

    private static string? ReadPassword(ConfigSectionReader section)
    {
        var password = section.ReadText("Password");
        if (section.ReadName("PasswordFile") is not { } file)
        {
            return password;
        }

        if (password is not null)
        {
            section.AddError("PasswordFile", "stands beside 'Password'; keep one of them");
            return password;
        }

        if (file.Contains('\0', StringComparison.Ordinal))
        {
            section.AddError("PasswordFile", "has a NUL character in it");
            return null;
        }

        if (!SecretFileReader.TryRead(Path.Combine(section.Context.BaseDirectory, file), out var secret, out var error))
        {
            section.AddError("PasswordFile", error);
        }

        return secret;
    }
}
