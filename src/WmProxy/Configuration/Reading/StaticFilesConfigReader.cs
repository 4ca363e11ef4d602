namespace WmProxy.Configuration.Reading;

internal static class StaticFilesConfigReader
{
    public static StaticFilesConfig Read(ConfigSectionReader section)
    {
        section.RejectUnavailable("Bandwidth");
        return new StaticFilesConfig
        {
            Id = section.Name,
            Match = RouteMatchReader.ReadFrom(section),
            Order = section.ReadInteger("Order"),
            Root = section.ReadRequiredName("Root"),
            Prefix = section.ReadName("Prefix"),
            Browse = section.ReadBoolean("Browse"),
            IndexFiles = section.ReadNames("IndexFiles"),
            TryPaths = section.ReadNames("TryPaths") ?? default,
            Hide = section.ReadNames("Hide"),
            Precompressed = section.ReadNames("Precompressed") ?? default,
            CacheControl = section.ReadName("CacheControl"),
            MimeTypes = section.ReadTextMap("MimeTypes"),
            DefaultContentType = section.ReadName("DefaultContentType"),
            NotFoundFile = section.ReadName("NotFoundFile"),
            Headers = section.ReadTextMap("Headers"),
            CorsPolicy = section.ReadName("CorsPolicy"),
            RateLimiterPolicy = section.ReadName("RateLimiterPolicy"),
            AuthorizationPolicy = section.ReadName("AuthorizationPolicy"),
        };
    }
}
