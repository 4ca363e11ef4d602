using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.AspNetCore.Routing;
using WmProxy.Configuration;
using WmProxy.Routes;

namespace WmProxy.StaticFiles;

/// <summary>Finds what is wrong in an entry of <c>StaticFiles</c>.</summary>
internal static class StaticFilesValidator
{
    public static IEnumerable<ConfigError> Validate(StaticFilesConfig config, string baseDirectory, ParameterPolicyFactory? constraints)
    {
        var path = $"WmProxy:StaticFiles:{config.Id}";
        return
        [
            .. RouteMatchValidator.Validate(config.Match, $"{path}:Match", constraints),
            .. ValidateRoot(config, baseDirectory, $"{path}:Root"),
            .. ValidatePrefix(config.Prefix, $"{path}:Prefix"),
            .. ValidateNames(config.IndexFiles ?? [], $"{path}:IndexFiles", "the name of a file in its folder"),
            .. ValidateTryPaths(config.TryPaths, $"{path}:TryPaths"),
            .. ValidateNames(config.Hide ?? [], $"{path}:Hide", "a glob for one name, as '.*' or '*.bak'; what is below a hidden folder is hidden too"),
            .. ValidatePrecompressed(config.Precompressed, $"{path}:Precompressed"),
            .. ResponseFieldsValidator.ValidateValue(config.CacheControl, $"{path}:CacheControl"),
            .. config.MimeTypes.SelectMany(type => ResponseFieldsValidator.ValidateMediaType(type.Value, $"{path}:MimeTypes:{type.Key}")),
            .. ResponseFieldsValidator.ValidateMediaType(config.DefaultContentType, $"{path}:DefaultContentType"),
            .. ValidateNotFoundFile(config.NotFoundFile, $"{path}:NotFoundFile"),
            .. ResponseFieldsValidator.Validate(config.Headers, $"{path}:Headers"),
        ];
    }

    private static IEnumerable<ConfigError> ValidateRoot(StaticFilesConfig config, string baseDirectory, string path)
    {
        if (string.IsNullOrWhiteSpace(config.Root) || config.Root.Contains('\0'))
        {
            return [new ConfigError(path, "Root is missing: the folder to serve.")];
        }

        var root = StaticFilesModel.GetRoot(config, baseDirectory);
        return Directory.Exists(root) ? []
            : [new ConfigError(path, File.Exists(root) ? $"'{root}' is a file; Root is a folder." : $"There is no folder '{root}'.")];
    }

    private static IEnumerable<ConfigError> ValidatePrefix(string? prefix, string path)
    {
        if (!string.IsNullOrEmpty(prefix) && !(prefix[0] == '/' && RelativePath.TryParse(prefix, windows: false, out _)))
        {
            yield return new ConfigError(path, $"'{prefix}' is not the beginning of a request's path; one looks like '/docs'.");
        }
    }

    private static IEnumerable<ConfigError> ValidateNames(EquatableArray<string> names, string path, string meaning)
    {
        foreach (var (index, name) in names.Index())
        {
            if (!RelativePath.IsSegment(name, windows: false))
            {
                yield return new ConfigError($"{path}:{index}", $"'{name}' is not {meaning}.");
            }
        }
    }

    private static IEnumerable<ConfigError> ValidateTryPaths(EquatableArray<string> tryPaths, string path)
    {
        foreach (var (index, tryPath) in tryPaths.Index())
        {
            if (TryPath.FindError(tryPath, isLast: index == tryPaths.Count - 1) is { } error)
            {
                yield return new ConfigError($"{path}:{index}", error);
            }
        }
    }

    private static IEnumerable<ConfigError> ValidatePrecompressed(EquatableArray<string> codings, string path)
    {
        foreach (var (index, coding) in codings.Index())
        {
            if (ContentCoding.Find(coding) is null)
            {
                yield return new ConfigError($"{path}:{index}", $"'{coding}' is not known; there are {string.Join(" and ", ContentCoding.All.Select(known => $"'{known.Name}'"))}.");
            }
        }
    }

    private static IEnumerable<ConfigError> ValidateNotFoundFile(string? file, string path)
    {
        if (file is not null
            && !(RelativePath.TryParse("/" + file.TrimStart('/'), OperatingSystem.IsWindows(), out var parsed) && parsed is { Value.Length: > 0, IsFolder: false }))
        {
            yield return new ConfigError(path, $"'{file}' is not a file below Root.");
        }
    }
}
