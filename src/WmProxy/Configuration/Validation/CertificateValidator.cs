using System.Security.Cryptography.X509Certificates;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Validation;

/// <summary>A certificate comes from a file or from a store, and the file is there. What is in it shows when it is loaded.</summary>
internal static class CertificateValidator
{
    public static void Validate(string path, CertificateConfig? certificate, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        if (certificate is null)
        {
            return;
        }

        if (certificate.Path is null && certificate.Subject is null)
        {
            errors.Add(ConfigKeyPath.Of(path, "Path"), "is required, or 'Subject' for a certificate of the machine's store");
        }
        else if (certificate.Path is not null && certificate.Subject is not null)
        {
            errors.Add(ConfigKeyPath.Of(path, "Subject"), "stands beside 'Path'; keep one of them");
        }

        ValidateFile(ConfigKeyPath.Of(path, "Path"), certificate.Path, context, errors);
        ValidateFile(ConfigKeyPath.Of(path, "KeyPath"), certificate.KeyPath, context, errors);
        RequireBeside(path, "KeyPath", certificate.KeyPath is not null, "Path", certificate.Path is not null, errors);
        RequireBeside(path, "Password", certificate.Password is not null, "Path", certificate.Path is not null, errors);
        RequireBeside(path, "Store", certificate.Store is not null, "Subject", certificate.Subject is not null, errors);
        RequireBeside(path, "Location", certificate.Location is not null, "Subject", certificate.Subject is not null, errors);
        RequireBeside(path, "AllowInvalid", certificate.AllowInvalid is not null, "Subject", certificate.Subject is not null, errors);
        if (certificate.Location is { } location && !EnumParser.TryParse<StoreLocation>(location, out _, out var error))
        {
            errors.Add(ConfigKeyPath.Of(path, "Location"), error);
        }
    }

    private static void ValidateFile(string path, string? file, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        if (file is not null && ReadableFile.FindError(file, context.BaseDirectory) is { } error)
        {
            errors.Add(path, error);
        }
    }

    private static void RequireBeside(string path, string key, bool isSet, string other, bool isOtherSet, ConfigErrorCollector errors)
    {
        if (isSet && !isOtherSet)
        {
            errors.Add(ConfigKeyPath.Of(path, key), $"has no effect without '{other}'");
        }
    }
}
