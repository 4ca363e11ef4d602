using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Extensions.Configuration;

namespace WmProxy.Configuration.Validation;

/// <summary>
/// Takes the errors of validators. A value that could not be read has its error already: what follows from its absence is not reported.
/// </summary>
internal sealed class ConfigErrorCollector
{
    private readonly IList<ConfigError> _errors;
    private readonly IConfiguration? _source;
    private readonly List<string> _unreadPaths;
    private readonly HashSet<ConfigError> _added = [];

    public ConfigErrorCollector(IList<ConfigError> errors, IConfiguration? source)
    {
        _errors = errors;
        _source = source;
        _unreadPaths = [.. errors.Select(error => error.Path)];
    }

    public void Add(string path, string message)
    {
        var error = new ConfigError(_source is null ? path : ConfigKeyPath.AsWritten(_source, path), message);
        if (!_unreadPaths.Exists(unread => IsSameOrBelow(unread, error.Path) || IsSameOrBelow(error.Path, unread)) && _added.Add(error))
        {
            _errors.Add(error);
        }
    }

    private static bool IsSameOrBelow(string path, string ancestor)
    {
        return path.StartsWith(ancestor, StringComparison.OrdinalIgnoreCase) && (path.Length == ancestor.Length || path[ancestor.Length] == ':');
    }
}
