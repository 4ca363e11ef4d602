using System;
using System.IO;
using System.Text;
using Microsoft.Extensions.Configuration;
using WmProxy.Configuration;

namespace WmProxy.Server.Configuration;

/// <summary>
/// The values of a JSON file, as they were last found good. Unlike the framework's provider it never reads the file by itself: YARP, Kestrel, Serilog and
/// WmProxy follow the same reload token, so a value that one of them would refuse must not reach any of them.
/// </summary>
internal sealed class LastGoodJsonConfigurationProvider : ConfigurationProvider
{
    private readonly string? _document;
    private ConfigFileContent? _live;

    /// <param name="path">The full path of the file.</param>
    /// <param name="document">What to show in its place; <see langword="null"/> for the file.</param>
    public LastGoodJsonConfigurationProvider(string path, string? document = null)
    {
        Path = path;
        _document = document;
    }

    /// <summary>The full path of the file.</summary>
    public string Path { get; }

    /// <summary>The <see cref="ConfigFileContent.Version"/> of what is shown.</summary>
    public string LiveVersion => _live?.Version ?? throw new InvalidOperationException("The configuration file has not been loaded.");

    /// <summary>Reads the file, the first time only: nothing runs yet, so nothing can be kept.</summary>
    /// <exception cref="ConfigErrorException">The file is missing or not valid JSON.</exception>
    public override void Load()
    {
        // Somebody's IConfigurationRoot.Reload() must not let an unchecked file in.
        if (_live is null)
        {
            var content = Read();
            Data = content.Values ?? throw new ConfigErrorException([File.Exists(Path) ? content.Error! : WithAdvice(content.Error!)]);
            _live = content;
        }
    }

    /// <summary>What there is to show now; whatever is wrong with it is a result.</summary>
    public ConfigFileContent Read() => _document is null ? ConfigFileContent.Read(Path) : ConfigFileContent.Parse("The command line", Encoding.UTF8.GetBytes(_document));

    /// <summary>Shows <paramref name="content"/>, which has been checked, and tells everybody.</summary>
    public void Replace(ConfigFileContent content)
    {
        Data = content.Values ?? throw new ArgumentException("Only a valid content can be shown.", nameof(content));
        _live = content;
        OnReload();
    }

    public override string ToString() => $"{Path} (last good)";

    private static ConfigError WithAdvice(ConfigError error) =>
        error with { Message = $"{error.Message}. Name a configuration with -c FILE, or start in the folder of an {ServerOptions.DefaultConfigFile}" };
}
