using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;
using WmProxy.Connections.Tls;

namespace WmProxy.Configuration.Validation;

/// <summary>
/// The certificates of HTTP endpoints can be used. Kestrel finds out only when it opens an endpoint: at a change of the configuration that is too
/// late to refuse it.
/// </summary>
internal static class KestrelCertificateValidator
{
    // What marks the certificate of `dotnet dev-certs https`, which Kestrel takes where none is named.
    private const string DevelopmentCertificate = "1.3.6.1.4.1.311.84.1.1";

    private static readonly string[] HttpsKeys = ["Certificate", "Sni", "SslProtocols", "ClientCertificateMode"];

    public static void Validate(ConfigValidationContext context, ConfigErrorCollector errors)
    {
        if (context.Source?.GetSection("Kestrel") is not { } kestrel)
        {
            return;
        }

        var standIn = kestrel.GetSection("Certificates:Default");
        ValidateOne(standIn, context, errors);
        foreach (var endpoint in kestrel.GetSection("Endpoints").GetChildren())
        {
            ValidateEndpoint(endpoint, IsSet(standIn), context, errors);
        }
    }

    private static void ValidateEndpoint(IConfigurationSection endpoint, bool hasStandIn, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        var url = endpoint["Url"] ?? "";
        if (url.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        {
            foreach (var key in HttpsKeys.Select(endpoint.GetSection).Where(key => !string.IsNullOrEmpty(key.Value) || key.GetChildren().Any()))
            {
                errors.Add(key.Path, $"has no place beside the http:// address of {endpoint.Path}:Url; write https:// there, or leave this out");
            }

            return;
        }

        var certificate = endpoint.GetSection("Certificate");
        ValidateOne(certificate, context, errors);
        var names = endpoint.GetSection("Sni").GetChildren().ToList();
        foreach (var name in names)
        {
            ValidateOne(name.GetSection("Certificate"), context, errors);
        }

        if (url.StartsWith("https://", StringComparison.OrdinalIgnoreCase) && !certificate.GetChildren().Any() && names.Count == 0 && !hasStandIn && !HasDevelopmentCertificate())
        {
            errors.Add(certificate.Path, "is required for https://: name the files, as { \"Path\": \"site.pem\", \"KeyPath\": \"site.key\" }, here or for all endpoints in Kestrel:Certificates:Default");
        }
    }

    private static void ValidateOne(IConfigurationSection section, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        if (!section.GetChildren().Any())
        {
            return;
        }

        var config = Read(section);
        var own = new List<ConfigError>();
        CertificateValidator.Validate(section.Path, config, context, new ConfigErrorCollector(own, context.Source));
        if (own.Count == 0)
        {
            if (config is { Path: not null, KeyPath: null } && IsPem(Path.GetFullPath(config.Path, context.BaseDirectory)))
            {
                // Kestrel would take the certificate without its key, and fail at the first handshake.
                own.Add(new ConfigError($"{section.Path}:KeyPath", $"is required, because '{config.Path}' is a PEM file; it may be that file again if the key is in it too"));
            }
            else
            {
                new CertificateLoader(config, section.Path, context.BaseDirectory).TryReload(out var error);
                own.AddRange(error is null ? [] : [error]);
            }
        }

        foreach (var error in own)
        {
            errors.Add(error.Path, error.Message);
        }
    }

    private static CertificateConfig Read(IConfigurationSection section) => new()
    {
        Path = Text(section["Path"]),
        KeyPath = Text(section["KeyPath"]),
        Password = section["Password"],
        Subject = Text(section["Subject"]),
        Store = Text(section["Store"]),
        Location = Text(section["Location"]),
        AllowInvalid = bool.TryParse(section["AllowInvalid"], out var value) ? value : null,
    };

    private static bool IsSet(IConfigurationSection section) => Text(section["Path"]) is not null || Text(section["Subject"]) is not null;

    private static string? Text(string? value) => string.IsNullOrEmpty(value) ? null : value;

    private static bool IsPem(string path)
    {
        try
        {
            using var file = File.OpenRead(path);

            // PFX is DER and starts with a SEQUENCE.
            return file.ReadByte() != 0x30;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static bool HasDevelopmentCertificate()
    {
        using var store = new X509Store(StoreName.My, StoreLocation.CurrentUser);
        store.Open(OpenFlags.ReadOnly);
        return store.Certificates.Any(certificate => certificate.HasPrivateKey && certificate.Extensions.Any(extension => extension.Oid?.Value == DevelopmentCertificate));
    }
}
