using System;
using System.Collections.Generic;
using System.IO;

namespace WmProxy.Server;

/// <summary>What the command line says: which file, and what replaces values of it.</summary>
internal sealed record ServerOptions
{
    /// <summary>The file of the working directory that is used when none is named.</summary>
    public const string DefaultConfigFile = "appsettings.json";

    /// <summary>The configuration file, relative to the working directory.</summary>
    public string ConfigFile { get; init; } = DefaultConfigFile;

    /// <summary>The configuration itself, as JSON, in place of a file; <see langword="null"/> for the file.</summary>
    public string? Document { get; init; }

    /// <summary>Keys (<c>Kestrel:Endpoints:web:Url</c>) and values that win over the file and the environment.</summary>
    public IReadOnlyList<KeyValuePair<string, string?>> Overrides { get; init; } = [];

    /// <summary>Whether environment variables are part of the configuration.</summary>
    public bool UseEnvironment { get; init; } = true;

    /// <summary>Whether the file is watched.</summary>
    public bool WatchFile { get; init; } = true;

    /// <summary>The clock, for tests.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The full path of <see cref="ConfigFile"/>.</summary>
    public string FullPath => Path.GetFullPath(ConfigFile);

    /// <summary>The folder of the file: what relative paths in it are relative to.</summary>
    public string BaseDirectory => Path.GetDirectoryName(FullPath) ?? Path.GetPathRoot(FullPath)!;
}
