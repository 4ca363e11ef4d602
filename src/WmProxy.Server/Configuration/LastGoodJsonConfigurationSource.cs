using Microsoft.Extensions.Configuration;

namespace WmProxy.Server.Configuration;

/// <summary>A JSON file, or document, of which only checked contents are ever shown to the program.</summary>
internal sealed class LastGoodJsonConfigurationSource : IConfigurationSource
{
    public LastGoodJsonConfigurationSource(ServerOptions options)
    {
        Provider = new LastGoodJsonConfigurationProvider(options.FullPath, options.Document);
    }

    /// <summary>The one provider; <see cref="ConfigFileReloader"/> gives it new contents.</summary>
    public LastGoodJsonConfigurationProvider Provider { get; }

    public IConfigurationProvider Build(IConfigurationBuilder builder) => Provider;
}
