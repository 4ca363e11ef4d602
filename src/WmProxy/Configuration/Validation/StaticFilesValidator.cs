using System;
using System.IO;
using System.Linq;
using WmProxy.Configuration.Values;
using WmProxy.StaticFiles;

namespace WmProxy.Configuration.Validation;

/// <summary>Folders that are there, and paths that stay below them.</summary>
internal static class StaticFilesValidator
{
    public static void Validate(WmProxyConfig config, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        foreach (var files in config.StaticFiles.Values)
        {
            var path = ConfigKeyPath.Of("WmProxy", "StaticFiles", files.Id);
            RouteMatchValidator.Validate(ConfigKeyPath.Of(path, "Match"), files.Match, context.RouteConstraints, errors);
            Report(ConfigKeyPath.Of(path, "Root"), FindRootError(files, context.BaseDirectory), errors);
            Report(ConfigKeyPath.Of(path, "Prefix"), FindPrefixError(files.Prefix), errors);
            ValidateItems(ConfigKeyPath.Of(path, "IndexFiles"), files.IndexFiles ?? default, (name, _) => FindIndexFileError(name), errors);
            ValidateItems(ConfigKeyPath.Of(path, "TryPaths"), files.TryPaths, TryPath.FindError, errors);
            ValidateItems(ConfigKeyPath.Of(path, "Hide"), files.Hide ?? default, (glob, _) => FindGlobError(glob), errors);
            ValidateItems(ConfigKeyPath.Of(path, "Precompressed"), files.Precompressed, (coding, _) => FindCodingError(coding), errors);
            Report(ConfigKeyPath.Of(path, "NotFoundFile"), FindNotFoundFileError(files.NotFoundFile), errors);
            FieldSyntax.ValidateValue(ConfigKeyPath.Of(path, "CacheControl"), files.CacheControl, errors);
            FieldSyntax.ValidateFields(ConfigKeyPath.Of(path, "Headers"), files.Headers, errors);
            MediaTypeSyntax.Validate(ConfigKeyPath.Of(path, "DefaultContentType"), files.DefaultContentType, errors);
            foreach (var (ending, type) in files.MimeTypes)
            {
                MediaTypeSyntax.Validate(ConfigKeyPath.Of(path, "MimeTypes", ending), type, errors);
            }
        }
    }

    private static string? FindRootError(StaticFilesConfig files, string baseDirectory)
    {
        if (files.Root.Contains('\0', StringComparison.Ordinal))
        {
            return $"{QuotedText.Quote(files.Root)} has a NUL character in it";
        }

        if (string.IsNullOrWhiteSpace(files.Root))
        {
            return "is required";
        }

        var root = StaticFilesModel.GetRoot(files, baseDirectory);
        return Directory.Exists(root) ? null
            : File.Exists(root) ? $"'{root}' is a file, not a folder"
            : $"the folder '{root}' does not exist";
    }

    private static string? FindPrefixError(string? prefix)
    {
        return prefix is null || (prefix.StartsWith('/') && RelativePath.TryParse(prefix, windows: false, out _))
            ? null
            : $"{QuotedText.Quote(prefix)} is not the start of a path; write it as '/files'";
    }

    private static string? FindIndexFileError(string name)
    {
        return RelativePath.IsSegment(name, OperatingSystem.IsWindows()) ? null : $"{QuotedText.Quote(name)} is not the name of a file; a path has no place here";
    }

    // A glob has characters that names on Windows have not.
    private static string? FindGlobError(string glob)
    {
        return RelativePath.IsSegment(glob, windows: false)
            ? null
            : $"{QuotedText.Quote(glob)} is not a glob for one name, as '.*' or '*.bak'; what is below a hidden folder is hidden too";
    }

    private static string? FindCodingError(string coding)
    {
        return ContentCoding.Find(coding) is null
            ? $"{QuotedText.Quote(coding)} is unknown; {NearestName.Proposal(coding, [.. ContentCoding.All.Select(known => known.Name)], "valid values")}"
            : null;
    }

    private static string? FindNotFoundFileError(string? file)
    {
        return file is null || StaticFilesModel.TryParseNotFoundFile(file, out _)
            ? null
            : $"{QuotedText.Quote(file)} is not the path of a file below 'Root', which has single '/' between names and no '.', '..' or '\\'";
    }

    private static void ValidateItems(string path, EquatableArray<string> items, Func<string, bool, string?> findError, ConfigErrorCollector errors)
    {
        for (var i = 0; i < items.Count; i++)
        {
            Report(ConfigKeyPath.Item(path, i), findError(items[i], i == items.Count - 1), errors);
        }
    }

    private static void Report(string path, string? error, ConfigErrorCollector errors)
    {
        if (error is not null)
        {
            errors.Add(path, error);
        }
    }
}
