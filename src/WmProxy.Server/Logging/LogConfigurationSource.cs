using Microsoft.Extensions.Configuration;

namespace WmProxy.Server.Logging;

/// <summary>The <c>Serilog</c> section as the program uses it: <see cref="LogConfigurationProvider"/>.</summary>
internal sealed class LogConfigurationSource : IConfigurationSource
{
    public required IConfiguration Configuration { get; init; }

    public required string BaseDirectory { get; init; }

    public IConfigurationProvider Build(IConfigurationBuilder builder) => new LogConfigurationProvider(Configuration, BaseDirectory);
}
