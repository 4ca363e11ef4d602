namespace WmProxy.Configuration.Reading;

/// <summary>An address where Kestrel listens.</summary>
/// <param name="Path">The key path, as <c>Kestrel:Endpoints:Http:Url</c>.</param>
/// <param name="Url">The URL, as Kestrel takes it.</param>
internal sealed record KestrelEndpointUrl(string Path, string Url);
