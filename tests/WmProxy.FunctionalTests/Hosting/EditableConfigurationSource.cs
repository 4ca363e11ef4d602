using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.Extensions.Configuration;

namespace WmProxy.FunctionalTests.Hosting;

/// <summary>A configuration in JSON that a test replaces while the application runs, as an edited file would be.</summary>
internal sealed class EditableConfigurationSource : ConfigurationProvider, IConfigurationSource
{
    public EditableConfigurationSource(string json) => Data = Parse(json);

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    public void Replace(string json)
    {
        Data = Parse(json);
        OnReload();
    }

    private static Dictionary<string, string?> Parse(string json)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(json));
        return new ConfigurationBuilder().AddJsonStream(stream).Build().AsEnumerable()
            .ToDictionary(item => item.Key, item => item.Value, System.StringComparer.OrdinalIgnoreCase);
    }
}
