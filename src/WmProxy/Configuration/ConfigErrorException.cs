using System;
using System.Collections.Generic;

namespace WmProxy.Configuration;

/// <summary>A configuration that cannot be used, with every error found in it.</summary>
public sealed class ConfigErrorException : Exception
{
    /// <summary>An exception for <paramref name="errors"/>, of which there is at least one.</summary>
    public ConfigErrorException(IReadOnlyList<ConfigError> errors)
        : base($"The configuration has {errors.Count} error{(errors.Count == 1 ? "" : "s")}:{Environment.NewLine}  {string.Join($"{Environment.NewLine}  ", errors)}")
    {
        Errors = errors;
    }

    /// <summary>Everything that is wrong, in the order of the configuration.</summary>
    public IReadOnlyList<ConfigError> Errors { get; }
}
