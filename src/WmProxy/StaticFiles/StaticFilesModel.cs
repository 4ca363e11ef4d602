using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;
using WmProxy.Configuration;
using WmProxy.Routes;

namespace WmProxy.StaticFiles;

/// <summary>An entry of <c>StaticFiles</c>, made ready once.</summary>
internal sealed class StaticFilesModel
{
    private readonly FileExtensionContentTypeProvider _contentTypes = new();
    private readonly string _defaultContentType;

    public StaticFilesModel(StaticFilesConfig config, string baseDirectory)
    {
        Root = GetRoot(config, baseDirectory);
        Prefix = string.IsNullOrEmpty(config.Prefix) ? PathString.Empty : new PathString(config.Prefix.TrimEnd('/'));
        Browse = config.Browse ?? false;
        IndexFiles = [.. config.IndexFiles ?? ["index.html"]];
        TryPaths = [.. (config.TryPaths.Count == 0 ? ["{path}"] : config.TryPaths).Select(TryPath.Parse)];
        Hide = new HideRules(config.Hide);
        Codings = [.. config.Precompressed.Select(ContentCoding.Find).OfType<ContentCoding>()];
        CacheControl = config.CacheControl;
        Fields = new ResponseFields(config.Headers);
        NotFoundFile = config.NotFoundFile is { } file && TryParseNotFoundFile(file, out var path) ? path : null;

        _defaultContentType = config.DefaultContentType ?? "application/octet-stream";
        foreach (var (ending, type) in config.MimeTypes)
        {
            _contentTypes.Mappings["." + ending.TrimStart('.')] = type;
        }
    }

    public string Root { get; }

    public PathString Prefix { get; }

    public bool Browse { get; }

    public IReadOnlyList<string> IndexFiles { get; }

    public IReadOnlyList<TryPath> TryPaths { get; }

    public HideRules Hide { get; }

    public IReadOnlyList<ContentCoding> Codings { get; }

    public string? CacheControl { get; }

    public ResponseFields Fields { get; }

    public RelativePath? NotFoundFile { get; }

    /// <summary>The folder served, as a full path.</summary>
    public static string GetRoot(StaticFilesConfig config, string baseDirectory) => Path.GetFullPath(config.Root, Path.GetFullPath(baseDirectory));

    /// <summary>Reads <see cref="StaticFilesConfig.NotFoundFile"/>, which may begin with a slash.</summary>
    public static bool TryParseNotFoundFile(string file, [NotNullWhen(true)] out RelativePath? path)
    {
        return RelativePath.TryParse("/" + file.TrimStart('/'), OperatingSystem.IsWindows(), out path) && path is { Value.Length: > 0, IsFolder: false };
    }

    public string GetContentType(string path) => _contentTypes.TryGetContentType(path, out var type) ? type : _defaultContentType;
}
