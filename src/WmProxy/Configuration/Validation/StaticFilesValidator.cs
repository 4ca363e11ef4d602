using System;
using System.IO;
using System.Linq;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Validation;

/// <summary>Folders that are there, and paths that stay below them.</summary>
internal static class StaticFilesValidator
{
    private const string Placeholder = "{path}";

    private static readonly string[] Encodings = ["br", "gzip"];

    public static void Validate(WmProxyConfig config, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        foreach (var files in config.StaticFiles.Values)
        {
            var path = ConfigKeyPath.Of("WmProxy", "StaticFiles", files.Id);
            RouteMatchValidator.Validate(ConfigKeyPath.Of(path, "Match"), files.Match, errors);
            ValidateRoot(ConfigKeyPath.Of(path, "Root"), files.Root, context.BaseDirectory, errors);
            if (files.Prefix is { } prefix && (!prefix.StartsWith('/') || FindEscape(prefix) is not null))
            {
                errors.Add(ConfigKeyPath.Of(path, "Prefix"), $"{QuotedText.Quote(prefix)} is not the start of a path; write it as '/files'");
            }

            ValidateNames(path, files, errors);
            FieldSyntax.ValidateValue(ConfigKeyPath.Of(path, "CacheControl"), files.CacheControl, errors);
            FieldSyntax.ValidateFields(ConfigKeyPath.Of(path, "Headers"), files.Headers, errors);
            MediaTypeSyntax.Validate(ConfigKeyPath.Of(path, "DefaultContentType"), files.DefaultContentType, errors);
            foreach (var (ending, type) in files.MimeTypes)
            {
                MediaTypeSyntax.Validate(ConfigKeyPath.Of(path, "MimeTypes", ending), type, errors);
            }
        }
    }

    private static void ValidateNames(string path, StaticFilesConfig files, ConfigErrorCollector errors)
    {
        ValidateItems(ConfigKeyPath.Of(path, "IndexFiles"), files.IndexFiles ?? default, FindNameError, errors);
        ValidateItems(ConfigKeyPath.Of(path, "TryPaths"), files.TryPaths, FindTryPathError, errors);
        ValidateItems(
            ConfigKeyPath.Of(path, "Precompressed"),
            files.Precompressed,
            encoding => Encodings.Contains(encoding) ? null : $"{QuotedText.Quote(encoding)} is unknown; {NearestName.Proposal(encoding, Encodings, "valid values")}",
            errors);
        if (files.NotFoundFile is { } file && FindEscape(file) is { } error)
        {
            errors.Add(ConfigKeyPath.Of(path, "NotFoundFile"), error);
        }
    }

    private static void ValidateRoot(string path, string root, string baseDirectory, ConfigErrorCollector errors)
    {
        if (root.Contains('\0', StringComparison.Ordinal))
        {
            errors.Add(path, $"{QuotedText.Quote(root)} has a NUL character in it");
        }
        else if (root.Length == 0)
        {
            errors.Add(path, "is required");
        }
        else if (Path.GetFullPath(root, baseDirectory) is var full && !Directory.Exists(full))
        {
            errors.Add(path, File.Exists(full) ? $"'{full}' is a file, not a folder" : $"the folder '{full}' does not exist");
        }
    }

    private static void ValidateItems(string path, EquatableArray<string> items, Func<string, string?> findError, ConfigErrorCollector errors)
    {
        for (var i = 0; i < items.Count; i++)
        {
            if (findError(items[i]) is { } error)
            {
                errors.Add(ConfigKeyPath.Item(path, i), error);
            }
        }
    }

    private static string? FindNameError(string name)
    {
        return name.AsSpan().ContainsAny('/', '\\', '\0') || name is "." or ".." ? $"{QuotedText.Quote(name)} is not the name of a file; a path has no place here" : null;
    }

    private static string? FindTryPathError(string template)
    {
        var rest = template.Replace(Placeholder, "", StringComparison.Ordinal);
        return rest.AsSpan().ContainsAny('{', '}') ? $"{QuotedText.Quote(template)} has an unknown placeholder; the only one is '{Placeholder}'" : FindEscape(template);
    }

    private static string? FindEscape(string path)
    {
        return path.AsSpan().ContainsAny('\\', '\0') || path.Split('/').Any(segment => segment is "." or "..")
            ? $"{QuotedText.Quote(path)} does not stay below 'Root'; write it with '/' and without '.', '..' and NUL"
            : null;
    }
}
